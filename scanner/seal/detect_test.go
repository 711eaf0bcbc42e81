package seal_test

import (
	"strings"
	"testing"
)

// secretKey has the form of an AWS secret access key; this one is AWS's example.
const secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

func letters(n int) string { return strings.Repeat("aB3d", n/4+1)[:n] }

// join keeps the examples of tokens out of this file's text, where scanners of
// code would find them.
func join(parts ...string) string { return strings.Join(parts, "") }

func TestCredentialsAreFound(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	for name, text := range map[string]string{
		"AWS secret key":             "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLE" + "K3Y",
		"AWS access key id":          join("AKIA", "IOSFODNN7EXAMPLE"),
		"temporary access key id":    "key=" + join("ASIA", "IOSFODNN7EXAMPLE") + ";",
		"AWS profile":                "[default]\naws_secret_access_key = " + secretKey + "\n",
		"AWS environment":            "export AWS_SECRET_ACCESS_KEY='" + secretKey + "'",
		"AWS key ending in a slash":  "AWS_SECRET_ACCESS_KEY=" + secretKey[:39] + "/",
		"AWS key ending in a plus":   "aws_secret_access_key=" + secretKey[:39] + "+\n",
		"AWS key in JSON":            `{"SecretAccessKey": "` + secretKey + `"}`,
		"AWS key in camel case":      "awsSecretAccessKey: " + secretKey,
		"AWS key in JSON in JSON":    `{"body":"{\"secretAccessKey\":\"` + secretKey + `\"}"}`,
		"AWS key under another name": "TF_VAR_secret_access_key=" + secretKey,
		"PEM key":                    "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
		"RSA key":                    "before\n-----BEGIN RSA PRIVATE KEY-----\nMIIE",
		"OpenSSH key":                "-----BEGIN OPENSSH PRIVATE KEY-----",
		"encrypted key":              "-----BEGIN ENCRYPTED PRIVATE KEY-----",
		"PGP key":                    "-----BEGIN PGP PRIVATE KEY BLOCK-----",
		"GitHub token":               join("ghp", "_", letters(36)),
		"GitHub app token":           "https://x:" + join("ghs", "_", letters(36)) + "@github.com",
		"GitHub fine-grained token":  join("github", "_pat_", letters(82)),
		"GitLab token":               join("glpat", "-", letters(20)),
		"Slack token":                join("xoxb", "-1234567890-", letters(24)),
		"Slack app token":            join("xapp", "-1-", letters(24)),
		"Slack webhook":              join("https://hooks.slack.com", "/services/T0AB/B0CD/", letters(24)),
		"Stripe key":                 join("sk", "_live_", letters(24)),
		"Google key":                 join("AIza", letters(35)),
		"npm token":                  join("npm", "_", letters(36)),
		"Pulumi token":               join("pul", "-", strings.Repeat("0a", 20)),
		"token of ours":              join("ins", "_", letters(43)),
		"Stripe test key":            join("rk", "_test_", letters(24)),
		"JSON web token":             "t=" + join("eyJ", "hbGciOiJIUzI1NiJ9.", "eyJ", "zdWIiOiIxMjM0In0.", letters(43)),
		"SendGrid key":               join("SG", ".", letters(22), ".", letters(43)),
		"Vault token":                join("hv", "s.", letters(24)),
		"Grafana token":              join("glsa", "_", letters(32)),
		"OpenAI key":                 join("sk", "-proj-", letters(48)),
		"Docker token":               join("dckr", "_pat_", letters(27)),
		"Azure connection string":    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + letters(86) + "==",
		"bearer token":               "Authorization: Bearer " + letters(20),
		"Basic authorization":        "Authorization: Basic dXNlcjpodW50ZXIyMg==",
		"assignment":                 "user=app password=hunter22 host=db",
		"assignment in JSON":         `{"user":"app","dbPassword":"hunter22"}`,
		"assignment in YAML":         "api_key: hunter22",
		"parameter of a URL":         "https://hooks.example.com/x?room=1&token=hunter22",
		"base64":                     "cGFzc3dvcmQ9aHVudGVyMjIh", // password=hunter22!
		"connection URL":             "postgres://app:hunter22@db.example.com:5432/app?sslmode=require",
		"without a user":             "redis://:hunter22@cache.example.com:6379/0",
		"with an @ in the password":  "mysql://root:p@ss@db/app",
		"with a slash in it":         "postgres://root:p/ss@db/app",
		"within a text":              `DSN="amqp://u:hunter22@mq/v" run`,
		"only half a placeholder":    "postgres://app:${PREFIX}hunter22@db/app",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := r.Seal(map[string]any{"tags": map[string]any{"a": text}}, bucket)
			if !isSealed(at(out, "tags", "a")) {
				t.Errorf("%q is left open", text)
			}
			wantEqual(t, at(opened(t, r, out), "tags", "a"), any(text))
		})
	}
}

// What is sealed cannot be read in a report: what only resembles a credential
// stays open.
func TestLookAlikesStayOpen(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	const certificate = "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\nRTESMBAGA1UEChMJQmFsdGltb3JlMRMwEQYDVQQLEwpDeWJlclRydXN0MSIwIAYD\n-----END CERTIFICATE-----"
	for name, text := range map[string]string{
		"empty":                   "",
		"word":                    "password",
		"ARN of a role":           "arn:aws:iam::123456789012:role/service-role/AmazonS3FullAccess-2024",
		"ARN of a secret":         "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf",
		"ARN of a key":            "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		"instance id":             "i-0123456789abcdef0",
		"role id":                 "AROAEXAMPLEID12345678",
		"user id":                 "AIDACKCEVSQ6C2EXAMPLE",
		"canonical user id":       strings.Repeat("79a59df900b949e5", 4),
		"SHA-1":                   "da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"SHA-1 in capitals":       "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
		"SHA-256":                 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"SHA-256 in base64":       "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		"image digest":            "123456789012.dkr.ecr.us-east-1.amazonaws.com/app@sha256:" + strings.Repeat("0a", 32),
		"bucket name":             "my-company-logs-eu-west-1-123456789012",
		"bucket name of 40":       "mycompanyaccesslogseuwest1x1234567890123",
		"path of 40":              "/AWSLogs/AbCdEf/12345678/CloudTrail/dig1",
		"certificate":             certificate,
		"certificate body":        "MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ",
		"public key":              "-----BEGIN PUBLIC KEY-----\nMIIB",
		"SSH public key":          "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0a9 me@host",
		"policy document":         `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:CreateAccessKey","secretsmanager:GetSecretValue"],"Resource":"*","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:org/repo:*"}}}]}`,
		"policy with a referer":   `{"Condition":{"StringLike":{"aws:Referer":["https://www.example.com:8443/*","mail@example.com"]}}}`,
		"URL":                     "https://example.com:8443/a/b?c=d#e",
		"URL with a user":         "https://git@github.com/org/repo.git",
		"URL with an @ in it":     "https://example.com/@user/a:b@c",
		"mail address":            "security@example.com",
		"placeholder":             "postgres://app:${DB_PASSWORD}@db:5432/app",
		"placeholders":            "postgres://${DB_USER}:${DB_PASSWORD}@${DB_HOST}:5432/app",
		"template":                "postgres://app:{{ .Password }}@db/app",
		"template without blanks": "postgres://app:{{password}}@db/app",
		"masked":                  "postgres://app:*****@db/app",
		"masked by x":             "postgres://app:xxxx@db/app",
		"no password":             "postgres://app:@db/app",
		"name of a variable":      "AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY}",
		"too short a token":       join("ghp", "_", letters(10)),
		"password without digits": "password: optional",
		"secret by its ARN":       "secret: arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db2-AbCdE1",
		"ARN with a secret in it": "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db2-AbCdE1",
		"secret by its path":      "password=/run/secrets/db1",
		"token from a variable":   "token=${TOKEN_1} password={{ pass1 }}",
		"bearer of a policy":      `{"Action":["sts:GetServiceBearerToken","ecr:GetAuthorizationToken"],"Resource":"*1"}`,
		"basic as a word":         "basic infrastructure-as-code",
		"base64 without a secret": "YSB0ZXh0IHdpdGhvdXQgYW55dGhpbmchIQ==",
		"prose":                   "the secret access key is kept in the vault; ask the platform team",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			given := map[string]any{"tags": map[string]any{"a": text}}
			wantEqual(t, r.Seal(given, bucket), given)
		})
	}
}
