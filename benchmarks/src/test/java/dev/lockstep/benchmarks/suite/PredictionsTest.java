package dev.lockstep.benchmarks.suite;

import org.junit.jupiter.api.Test;

class PredictionsTest {
  @Test
  void printsOneTableOfAllThatItMeasures() {
    SuiteRun.assertPrintsOneTable("predict", "`NetworkClassificationModel.transform`", 4);
  }
}
