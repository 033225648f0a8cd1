// Package events is the contract on the bus: the envelope, one typed payload per event, and the subjects.
//
// Every message is a CloudEvents 1.0 event. The second token of every subject is the tenant, and it is the
// subject that is believed: a payload may repeat the tenant, but it may not name another one.
//
// What upstream systems send (`in`), what Holdfast answers (`out`), and where:
//
//	in   hf.<tenant>.connection.<created|updated|deleted|secret_rotated>     stream HF_CONNECTIONS
//	in   hf.<tenant>.action.requested                                        stream HF_ACTIONS
//	in   hf.<tenant>.suspension.<resume|extend|terminate>_requested          stream HF_ACTIONS
//	out  hf.<tenant>.outcome.<request>                                       stream HF_OUTCOMES
//	out  hf.<tenant>.suspension.<connection>.<run>.<request>                 stream HF_SUSPENSIONS
//	out  hf.<tenant>.notice.<what>                                           stream HF_NOTICES
//	out  hf.<tenant>.deadletter.<reason>                                     stream HF_DEADLETTERS
//	out  hf.<tenant>.deadletter.act.<sequence>                               stream HF_DEADLETTERS
//
// An outcome subject is a request's ledger: its last message says how far the request got. A suspension
// subject is a chain: its last message says whether the run waits. The schemas of all of them are in the
// folder schemas, one file per event type.
package events
