// Command sealock-engine answers requests with the code that production runs.
package main

func main() {}
