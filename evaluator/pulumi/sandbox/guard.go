package sandbox

import "fmt"

// usage is what the program and all its processes take.
type usage struct {
	tasks  int   // processes and threads
	memory int64 // bytes that are in memory
}

// over says what is more than the limits allow; nothing when all is well.
func (u usage) over(l Limits) string {
	switch {
	case u.tasks > l.Processes:
		return fmt.Sprintf("ended: it had more than %d processes and threads", l.Processes)
	case u.memory > l.Memory:
		return fmt.Sprintf("ended: its processes had more than %d MiB in memory", l.Memory>>20)
	}
	return ""
}
