package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Contender;
import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Table;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;

/** A question, who is measured to answer it, on what, and the table that answers it. */
interface Suite {
  /** The word for it on the command line. */
  String name();

  /** What it answers. */
  String title();

  /** How many tasks Spark must be able to run at once. */
  int slots();

  /** How many measurements there are unless told otherwise. */
  int measurements();

  /** Who is measured, in the table's order. */
  List<Contender> contenders(JavaSparkContext spark);

  /** What each trains before it is measured. */
  Task warmUp(Tasks tasks);

  /**
   * What each trains in a measurement.
   *
   * @param measurement from 1
   */
  Task task(Tasks tasks, int measurement);

  /** The table of what was measured. */
  Table table(List<Series> measured);
}
