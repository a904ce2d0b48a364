package dev.lockstep.coordinator;

import dev.lockstep.metrics.EpochRecord;
import java.util.List;

/**
 * How far a training has come.
 *
 * @param epoch under way, from 1
 * @param epochs that are planned
 * @param batch batches of the epoch that are done
 * @param batches an epoch has
 * @param examples of the epoch that are done
 * @param examplesPerSecond since the epoch began
 * @param loss mean training loss of the epoch so far; not a number before the first batch
 * @param finished the epochs that are done
 */
public record Progress(
    int epoch,
    int epochs,
    int batch,
    int batches,
    long examples,
    double examplesPerSecond,
    double loss,
    List<EpochRecord> finished) {}
