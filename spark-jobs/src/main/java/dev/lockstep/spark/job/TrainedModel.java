package dev.lockstep.spark.job;

import dev.lockstep.model.ModelDescription;
import dev.lockstep.network.Network;
import java.util.Optional;

/**
 * A model that can predict. Immutable as long as nobody changes {@code parameters}, which are not
 * copied.
 *
 * @param parameters all of them, in DL4J's order
 * @param description what Lockstep wrote about it; empty if DL4J alone wrote it
 */
public record TrainedModel(
    Network network, float[] parameters, Optional<ModelDescription> description) {}
