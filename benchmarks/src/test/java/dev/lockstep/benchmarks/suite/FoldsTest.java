package dev.lockstep.benchmarks.suite;

import org.junit.jupiter.api.Test;

class FoldsTest {
  @Test
  void printsOneTableOfAllThatItMeasures() {
    SuiteRun.assertPrintsOneTable("folds", "one fold after the other, 2 workers a fold", 3);
  }
}
