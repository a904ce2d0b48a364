/**
 * Native libraries: how OpenBLAS and ND4J are set up before anything else touches them. May import
 * {@code dev.lockstep.yaml} for its errors.
 */
package dev.lockstep.nativelib;
