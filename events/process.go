package events

// Process is the payload of process.published: one version of a process, which stays as it is for the runs
// that began with it.
type Process struct {
	Tenant  string `json:"tenant,omitempty"`
	ID      string `json:"process_id"`
	Version string `json:"process_version"`
	App     string `json:"app_id,omitempty"`
	// Publisher is who published it: ExecuteAs rests on this user's right to use the connection.
	Publisher string        `json:"publisher"`
	Steps     []ProcessStep `json:"steps"`
}

// ProcessStep is one step of a process.
type ProcessStep struct {
	ID   string   `json:"step_id"`
	Kind StepKind `json:"step_kind"`
	// ExecuteAs is the connection that an action step runs with, whoever runs the process; empty: the request
	// names one.
	ExecuteAs string `json:"execute_as,omitempty"`
	// Connector and Operation are what the step may do; empty: whatever the request says.
	Connector string `json:"connector,omitempty"`
	Operation string `json:"operation,omitempty"`
}

// ProcessRef is the payload of process.retired: no new runs of any version. Version empty: all versions.
type ProcessRef struct {
	Tenant  string `json:"tenant,omitempty"`
	ID      string `json:"process_id"`
	Version string `json:"process_version,omitempty"`
	Actor   string `json:"actor"`
}
