/**
 * Native libraries: how OpenBLAS and ND4J are set up before anything else touches them. Imports no
 * other package of Lockstep.
 */
package dev.lockstep.nativelib;
