// What leaky.rego does, in a program: it also writes logs and throws.
const { PolicyPack } = require("@pulumi/policy");

const names = ["tags", "description", "environment", "containerDefinitions", "ingress", "policy", "endpoint", "alarmDescription", "comment", "origins"];

function* texts(value) {
	if (typeof value === "string") {
		yield value;
		for (const part of value.split(" ")) {
			if (part.length > 20 && /^[A-Za-z0-9+/]+=*$/.test(part)) {
				yield Buffer.from(part, "base64").toString();
			}
		}
	} else if (value && typeof value === "object") {
		for (const key of Object.keys(value)) {
			yield key;
			yield* texts(value[key]);
		}
	}
}

const planted = (props) => names.flatMap((name) => [...texts(props[name])]).filter((text) => /plant[0-9]{2}/i.test(text));

const policies = [];
const policy = (name, judge) => policies.push({ name, description: name, validateResource: (args, report) => judge(planted(args.props), report, args) });

policy("warn_seen", (found, report) => found.forEach((text) => (text.match(/plant[0-9]{2}/gi) || []).forEach((m) => report("planted no. " + m.slice(5)))));
policy("deny_text", (found, report) => found.forEach((text) => report(text)));
policy("deny_part", (found, report) => found.forEach((text) => (text.match(/[A-Za-z0-9]*plant[0-9]{2}[A-Za-z0-9]*/gi) || []).forEach((m) => report(m))));
policy("deny_named", (found, report, args) => found.forEach((text) => report(`${args.name}: ${JSON.stringify({ text })}`)));
policy("deny_document", (found, report, args) => found.length && report(JSON.stringify(names.map((name) => args.props[name]))));
policy("deny_logs", (found) => found.forEach((text) => { console.log(text); console.error("seen: " + text); }));
policy("deny_throws", (found) => { if (found.length) throw new Error(found.join(" and ")); });

new PolicyPack("leaky_node", { policies });
