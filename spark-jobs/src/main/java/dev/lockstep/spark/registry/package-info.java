/**
 * The model registry: versions of a model, and which of them is the champion. May import {@code
 * storage} and {@code dev.lockstep.yaml}.
 */
package dev.lockstep.spark.registry;
