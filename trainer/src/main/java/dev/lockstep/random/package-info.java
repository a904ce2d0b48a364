/**
 * Counter-based random numbers: every draw is a pure function of the seed and of what it is for, so
 * that it is the same for every number of workers and on every retry. Imports no other package of
 * Lockstep.
 */
package dev.lockstep.random;
