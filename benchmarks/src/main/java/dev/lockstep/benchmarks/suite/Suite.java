package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.measure.Entry;
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

  /** Starts what it runs on: Spark in this process, unless it needs another. */
  default Platform open() {
    return Platform.local(slots());
  }

  /** How many measurements there are unless told otherwise. */
  int measurements();

  /** Who is measured on what, in the table's order. */
  List<Entry> entries(JavaSparkContext spark, Tasks tasks, int measurements);

  /** The table of what was measured. */
  Table table(List<Series> measured);
}
