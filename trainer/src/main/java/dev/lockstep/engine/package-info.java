/**
 * Engines: what computes gradients and predictions of a network. Parameters and gradients are
 * direct float buffers in DL4J's own order, bound when an engine is opened, so that no step copies
 * them. May import {@code nativelib}, {@code random}, {@code yaml}, {@code data} and {@code
 * network}.
 */
package dev.lockstep.engine;
