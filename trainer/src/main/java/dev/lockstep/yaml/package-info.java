/**
 * Strict reading of YAML and JSON: every key is asked for or refused, every value has a type and a
 * range, and an error names the file, the key, what was found and what was expected. Imports no
 * other package of Lockstep.
 */
package dev.lockstep.yaml;
