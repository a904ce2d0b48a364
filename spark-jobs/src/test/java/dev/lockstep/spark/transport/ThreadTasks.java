package dev.lockstep.spark.transport;

/** Workers that are threads of this JVM, of which none is replaced. */
public class ThreadTasks implements WorkerTasks {
  @Override
  public void replace(long attempt) {}

  @Override
  public boolean speculative(long attempt) {
    return false;
  }

  @Override
  public String whereabouts(int rank) {
    return "it is a thread";
  }
}
