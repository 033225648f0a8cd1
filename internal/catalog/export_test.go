package catalog

// Read makes a type of a file's text.
var Read = read
