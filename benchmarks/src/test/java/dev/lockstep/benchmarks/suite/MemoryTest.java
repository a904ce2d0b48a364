package dev.lockstep.benchmarks.suite;

import org.junit.jupiter.api.Test;

class MemoryTest {
  @Test
  void printsOneTableOfAllThatItMeasures() {
    SuiteRun.assertPrintsOneTable("memory", "mnist-lenet.yaml", 2);
  }
}
