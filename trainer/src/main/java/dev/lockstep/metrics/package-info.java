/**
 * What a network's predictions are worth: exact sums over examples, the metrics made of them, their
 * history over epochs, and what the results of several splits say together. Imports no other
 * package of Lockstep.
 */
package dev.lockstep.metrics;
