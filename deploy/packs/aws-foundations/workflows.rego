package aws_foundations

import rego.v1

# METADATA
# title: State machines log
# description: A state machine of Step Functions logs what its executions do. Of express ones nothing else is kept.
# custom:
#   severity: medium
#   remediation: Set the log level to ERROR, FATAL or ALL, with a log group that the machine's role may write to.
#   tags: [stepfunctions, logging]
#   controls:
#     - {framework: AWS Foundational Security Best Practices, version: 1.0.0, id: StepFunctions.1}
warn_state_machine_logging contains "the state machine does not log" if {
	input.__type == "aws:sfn/stateMachine:StateMachine"
	not logs_executions
}

logs_executions if input.loggingConfiguration.level in {"ALL", "ERROR", "FATAL"}
