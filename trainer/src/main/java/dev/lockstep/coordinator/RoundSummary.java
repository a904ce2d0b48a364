package dev.lockstep.coordinator;

/**
 * Where the time of the training rounds went: medians, in milliseconds.
 *
 * @param rounds how many there were
 * @param roundMillis a whole round; not the sum of the others, which are medians each
 * @param computeMillis a worker's own computing, mean over the workers
 * @param wireMillis what a worker in another JVM sends and receives, mean over the workers
 * @param waitMillis a worker's wait for the slowest one, mean over the workers; the gang's for one
 *     that has yet to come is in it
 * @param updateMillis from the last contribution until the workers may go on: reduce, optimizer,
 *     publish
 */
public record RoundSummary(
    long rounds,
    double roundMillis,
    double computeMillis,
    double wireMillis,
    double waitMillis,
    double updateMillis) {}
