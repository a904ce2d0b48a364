package dev.lockstep.spark.transport;

/** What the driver knows of the Spark tasks in which a gang's workers run, and can do for them. */
public interface WorkerTasks {
  /** Has {@code attempt}, which is taken for dead but may only hang, killed and run elsewhere. */
  void replace(long attempt);

  /** Whether Spark has started {@code attempt} as a copy of one that runs. */
  boolean speculative(long attempt);

  /** What is known of the task of a worker that is not there. */
  String whereabouts(int rank);
}
