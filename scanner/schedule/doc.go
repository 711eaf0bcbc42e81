// Package schedule starts scans when they are due. robfig/cron serves as parser
// and calendar; the loop is our own.
//
// What is and is not guaranteed:
//
//   - A tick fires once, however many control processes run: it is claimed by
//     compare-and-set on the account's tick record before the scan starts. A
//     process that dies between the two loses that tick; the next one is not
//     affected.
//   - Ticks missed while no control process ran fire once on start: the newest
//     missed one, not all of them. An account that never had a tick (new, or
//     newly scheduled) starts at its next due time, not at once.
//   - A changed schedule counts from when it was noticed: times of the new
//     schedule that lie in the past do not fire.
//   - A tick that is due while a scan of the account runs is skipped, and logged.
//     It waits for the end of one that reads only a part of the account.
//   - Jitter delays an account's ticks by a time fixed per account, so that
//     a thousand accounts on @daily do not start together.
//   - Across a change to summer time, a time that does not exist that day does
//     not fire that day; one that exists twice fires once. Intervals such as "*/15" are not affected.
package schedule
