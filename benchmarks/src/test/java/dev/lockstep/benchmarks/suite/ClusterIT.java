package dev.lockstep.benchmarks.suite;

import org.junit.jupiter.api.Test;

/** On a cluster of this machine. */
class ClusterIT {
  @Test
  void printsOneTableOfAllThatItMeasures() {
    SuiteRun.assertPrintsOneTable("cluster", "a Spark job a step, 2 tasks", 3);
  }
}
