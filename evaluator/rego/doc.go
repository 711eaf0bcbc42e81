// Package rego runs OPA packs by the conventions of pulumi-policy-opa: rules
// named deny, violation or warn, one package per pack, the resource's properties
// at the top level of the input document, configuration at data.config.<rule>.
//
// A pack is compiled once. Its rules are indexed by the type they ask for, so a
// resource is shown only to rules that can fire on its type.
//
// What is unknown of a resource reaches a rule through partial evaluation: a
// result that hangs on an unknown property is unknown, one that does not stands.
// It goes in three steps, and each may only err towards unknown:
//
//   - uses finds what a rule reads of the input. A rule that reads nothing
//     unknown is evaluated as ever.
//   - partial holds the unknown properties back, by all their names. A rule that
//     takes a document as a whole (count(input), input[k], f(input)) has the
//     whole document held back.
//   - settle asks the conditions that are left and hang on known properties only.
package rego
