/**
 * The model registry: versions of a model, which of them is the champion and which were, and the
 * lease by which one process at a time adds versions, or is at a run. May import {@code storage},
 * Jackson's trees and {@code dev.lockstep.yaml}.
 */
package dev.lockstep.spark.registry;
