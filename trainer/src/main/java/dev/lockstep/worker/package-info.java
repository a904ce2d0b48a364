/**
 * The worker: the loop that does what the coordinator asks, until it is told that training is over.
 * May import {@code coordinator} and every package listed before it in the house.
 */
package dev.lockstep.worker;
