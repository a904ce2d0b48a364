package dev.lockstep.coordinator;

import dev.lockstep.metrics.History;
import dev.lockstep.metrics.Metrics;
import java.util.Optional;

/**
 * What a training gave.
 *
 * @param parameters the final ones, in DL4J's order: the last epoch's, or the best one's when early
 *     stopping restores it
 * @param epoch the epoch, from 1, whose parameters these are
 * @param stoppedEarly whether early stopping ended it
 * @param validation metrics of these parameters on the validation examples, if there are any
 * @param test metrics of these parameters on the test examples, if there are any
 * @param rounds where the time went
 */
public record TrainingResult(
    float[] parameters,
    int epoch,
    boolean stoppedEarly,
    History history,
    Optional<Metrics> validation,
    Optional<Metrics> test,
    RoundSummary rounds) {}
