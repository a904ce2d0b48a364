package dev.lockstep.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Table;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SeedsTest {
  @Test
  void showsEverySeedOfEveryContenderTheirMediansAndHowFarTheEnginesAreApart() {
    Table table =
        Seeds.ENGINES.table(
            List.of(
                trained(0.981, 0.979, 0.980),
                trained(0.978, 0.97, 0.99),
                trained(0.977, 0.976, 0.978)));

    assertThat(table.rows())
        .containsExactly(
            List.of("1", "0.9810", "2.0", "0.9780", "2.0", "0.9770", "2.0"),
            List.of("2", "0.9790", "2.0", "0.9700", "2.0", "0.9760", "2.0"),
            List.of("3", "0.9800", "2.0", "0.9900", "2.0", "0.9780", "2.0"),
            List.of(
                "median",
                "0.9800 (0.9790-0.9810)",
                "2.0",
                "0.9780 (0.9700-0.9900)",
                "2.0",
                "0.9770 (0.9760-0.9780)",
                "2.0"));
    assertThat(table.notes())
        .contains("Median test accuracy of the first less that of the second: +0.0020.");
  }

  private static Series trained(double... accuracies) {
    return new Series(
        Measured.contender("lockstep"),
        DoubleStream.of(accuracies).mapToObj(test -> Measured.trained(0.97, test)).toList());
  }

  @Test
  void aCommandHasItsOwnSecondsBesideThoseOfTraining() {
    Series command =
        new Series(
            Measured.contender("command"),
            List.of(Measured.command(0.994, 7.5), Measured.command(0.995, 8.5)));

    assertThat(Seeds.CNN.table(List.of(command)).rows())
        .containsExactly(
            List.of("1", "0.9940", "2.0", "7.5"),
            List.of("2", "0.9950", "2.0", "8.5"),
            List.of("median", "0.9945 (0.9940-0.9950)", "2.0", "8.0 (7.5-8.5)"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"seeds    | median | 2", "mnist-99 | median | 2", "cnn      | median | 2"})
  void printsOneTableOfAllThatItMeasures(String suite, String row, int rows) {
    SuiteRun.assertPrintsOneTable(suite, row, rows);
  }
}
