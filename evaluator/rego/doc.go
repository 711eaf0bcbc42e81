// Package rego runs OPA packs by the conventions of pulumi-policy-opa: rules
// named deny, violation or warn, one package per pack, the resource's properties
// at the top level of the input document, configuration at data.config.<rule>.
//
// A pack is compiled once. Its rules are indexed by the type they ask for, so a
// resource is shown only to rules that can fire on its type.
//
// What is unknown of a resource reaches a rule through partial evaluation: a
// result that hangs on an unknown property is unknown, one that does not stands.
package rego
