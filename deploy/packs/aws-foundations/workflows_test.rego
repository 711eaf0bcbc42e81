package aws_foundations

import rego.v1

a_state_machine(extra) := object.union({"__type": "aws:sfn/stateMachine:StateMachine", "name": "m"}, extra)

test_warn_state_machine_logging_finds_none if {
	warn_state_machine_logging == {"the state machine does not log"} with input as a_state_machine({"loggingConfiguration": {"level": "OFF"}})
	count(warn_state_machine_logging) == 1 with input as a_state_machine({})
}

test_warn_state_machine_logging_passes_any_level if {
	every level in ["ALL", "ERROR", "FATAL"] {
		count(warn_state_machine_logging) == 0 with input as a_state_machine({"loggingConfiguration": {"level": level}})
	}
}
