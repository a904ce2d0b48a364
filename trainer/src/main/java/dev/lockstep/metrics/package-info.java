/**
 * What a network's predictions are worth: exact sums over examples, the metrics made of them, and
 * their history over epochs. Imports no other package of Lockstep.
 */
package dev.lockstep.metrics;
