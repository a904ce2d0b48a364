/**
 * Optimizers, learning-rate schedules, clipping and weight penalties: pure functions on float
 * arrays with Keras' names and defaults. State is explicit: named vectors that the caller owns,
 * ships and saves. May import {@code yaml}.
 */
package dev.lockstep.optimizer;
