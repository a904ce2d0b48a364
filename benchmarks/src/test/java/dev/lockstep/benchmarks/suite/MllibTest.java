package dev.lockstep.benchmarks.suite;

import org.junit.jupiter.api.Test;

class MllibTest {
  @Test
  void printsOneTableOfAllThatItMeasures() {
    SuiteRun.assertPrintsOneTable("mllib", "Spark MLlib perceptron, 2 partitions", 6);
  }
}
