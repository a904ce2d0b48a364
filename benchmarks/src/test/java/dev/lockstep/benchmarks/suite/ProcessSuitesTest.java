package dev.lockstep.benchmarks.suite;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The suites that start processes of their own. */
class ProcessSuitesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "step          | TensorFlow, 2 threads                           | 9",
        "lenet         | PyTorch by DJL, 2 threads                       | 9",
        "cnn           | median                                          | 2",
        "mllib         | Spark MLlib perceptron, 2 partitions            | 6",
        "training-master | DL4J Spark with `LockstepTrainingMaster`, gradients, 2 workers | 5",
        "cluster       | a Spark job a step, 2 tasks                     | 3"
      })
  void aSuitePrintsOneTableOfAllThatItMeasures(String suite, String row, int rows) {
    SuiteRun.assertPrintsOneTable(suite, row, rows);
  }
}
