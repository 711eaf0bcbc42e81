// Package bus is the only user of NATS JetStream. It carries the contracts of
// schemas over streams, keeps configuration in key-value buckets, holds leases,
// and answers requests between roles.
//
// What is guaranteed:
//
//   - A publish returns after the message is stored. A full stream is waited
//     out until the context ends (back-pressure), never dropped.
//   - A message is acknowledged after its handler returned nil. Anything else
//     is delivered again, so handlers must be idempotent.
//   - MaxDeliver is unlimited: a message that cannot be handled is published
//     to the dead-letter stream and terminated, never stuck in silence.
//   - A sink partition has one consumer at a time, by lease.
package bus
