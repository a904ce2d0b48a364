/**
 * Coordinator and workers over the network, on Spark's own transport library. The driver's {@link
 * dev.lockstep.spark.transport.CoordinatorServer} takes a seat in the gang for every worker that
 * connects; the executor's {@link dev.lockstep.spark.transport.RemoteCoordinator} is the {@link
 * dev.lockstep.coordinator.Coordinator} that the worker talks to.
 *
 * <p>Both directions speak alike: a {@link dev.lockstep.spark.transport.Message} of fixed size, and
 * after it raw little-endian floats, which are copied as they arrive to where they belong. A worker
 * uploads its contributions (as bfloat16, if the configuration says so), and when the round is
 * complete the coordinator uploads what it publishes. Gradients are added up while others are still
 * received. Nothing is collected on the heap, and the peer's word is taken for no length.
 *
 * <p>May import {@code trainer}.
 */
package dev.lockstep.spark.transport;
