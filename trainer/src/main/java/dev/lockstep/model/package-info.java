/**
 * The model archive {@code model.zip}: DL4J's own format, written and read without Java
 * serialisation, with a description of ours beside it. May import {@code yaml} and {@code data} and
 * whatever stands before it in the order of packages; {@code config} stands after it.
 */
package dev.lockstep.model;
