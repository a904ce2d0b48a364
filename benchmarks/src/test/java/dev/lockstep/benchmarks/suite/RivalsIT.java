package dev.lockstep.benchmarks.suite;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Beside TensorFlow and PyTorch, in processes of their own. */
class RivalsIT {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"step  | TensorFlow, 2 threads     | 9", "lenet | PyTorch by DJL, 2 threads | 9"})
  void printsOneTableOfAllThatItMeasures(String suite, String row, int rows) {
    SuiteRun.assertPrintsOneTable(suite, row, rows);
  }
}
