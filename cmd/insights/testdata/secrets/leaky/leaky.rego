# A pack that tells whatever it sees of a planted secret: as it is, the secret
# alone, decoded, inside the whole document, and in the text of an error.
package leaky

import rego.v1

# Named one by one: of all properties at once a policy would not be told while one
# of them is unknown.
values contains input.tags
values contains input.description
values contains input.environment
values contains input.containerDefinitions
values contains input.ingress
values contains input.policy
values contains input.endpoint
values contains input.alarmDescription
values contains input.comment
values contains input.origins

texts contains text if {
	some value in values
	walk(value, [_, text])
	is_string(text)
	planted(text)
}

texts contains key if {
	some value in values
	walk(value, [path, _])
	some key in path
	is_string(key)
	planted(key)
}

texts contains text if {
	some value in values
	walk(value, [_, encoded])
	is_string(encoded)
	some part in split(encoded, " ")
	count(part) > 20
	base64.is_valid(part)
	text := base64.decode(part)
	planted(text)
}

planted(text) if regex.match(`(?i)plant[0-9]{2}`, text)

# What was seen, for the test, without telling it.
warn_seen contains sprintf("planted no. %s", [substring(found, 5, 2)]) if {
	some text in texts
	some found in regex.find_n(`(?i)plant[0-9]{2}`, text, -1)
}

deny_text contains text if some text in texts

deny_part contains part if {
	some text in texts
	some part in regex.find_n(`[A-Za-z0-9]*(?i:plant)[0-9]{2}[A-Za-z0-9]*`, text, -1)
}

deny_named contains {"msg": sprintf("%s: %v", [input.__name, [text]])} if some text in texts

deny_document contains json.marshal(values) if count(texts) > 0

deny_breaks contains "never" if {
	some text in texts
	to_number(text) > 0
}
