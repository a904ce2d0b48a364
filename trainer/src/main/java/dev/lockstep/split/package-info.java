/**
 * Which training examples are learned from and which are held out: hold-out and k-fold, in order,
 * shuffled or stratified. Pure functions of labels, counts and the seed. May import {@code random},
 * {@code yaml} and {@code data}.
 */
package dev.lockstep.split;
