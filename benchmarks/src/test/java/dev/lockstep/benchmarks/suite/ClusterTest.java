package dev.lockstep.benchmarks.suite;

import org.junit.jupiter.api.Test;

class ClusterTest {
  @Test
  void printsOneTableOfAllThatItMeasures() {
    SuiteRun.assertPrintsOneTable("cluster", "a Spark job a step, 2 tasks", 3);
  }
}
