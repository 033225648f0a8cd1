package dev

// Guide is what people are told once the stack is ready.
func Guide(s *Stack) (string, error) { return s.guide() }
