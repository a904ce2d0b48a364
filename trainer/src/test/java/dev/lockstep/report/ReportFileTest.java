package dev.lockstep.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.metrics.ConfusionMatrix;
import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.metrics.History;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.yaml.ConfigurationException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReportFileTest {
  private static final Report REPORT =
      new Report(
          "two", List.of(Samples.training("a", Samples.digits()), Samples.crossValidation("b", 3)));

  private static Report read(String text) throws IOException {
    return ReportFile.read(
        "report.json", new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void aReportIsReadAsItWasWritten() throws IOException {
    assertThat(read(ReportFile.write(REPORT))).isEqualTo(REPORT);
  }

  /** Their epochs have every metric, a confusion matrix among them, and they have no tables. */
  @Test
  void aReportOfAnOlderVersionIsStillRead() throws IOException {
    Report old =
        read(
            """
            {"title":"old","runs":[{"name":"old","classes":["a","b"],"curves":[{"name":"training",
            "history":{"epochs":[{"epoch":1,"trainingLoss":0.5,"trainingAccuracy":0.75,"validation":
            {"examples":4,"accuracy":0.5,"loss":0.7,"mse":0.2,"confusion":[[1,1],[1,1]]},
            "learningRate":0.001,"seconds":0.25,"examples":40}]}}],"metrics":{},"worst":[],
            "weights":[],"timeline":[],"configuration":"","environment":{"seed":"1"}}]}
            """);

    assertThat(old)
        .isEqualTo(
            new Report(
                "old",
                List.of(
                    new ReportedRun(
                        "old",
                        List.of("a", "b"),
                        List.of(
                            new Curves(
                                "training",
                                new Course(
                                    List.of(
                                        new Epoch(
                                            1, 0.5, 0.75, new Epoch.Validated(0.5, 0.7), 0.25))))),
                        Map.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        "",
                        Map.of("seed", "1")))));
  }

  private static Metrics ofManyClasses() {
    long[] counts = new long[256 * 256];
    Arrays.fill(counts, 1234);
    return new Metrics(100, 0.5, 0.5, 0.5, new ConfusionMatrix(256, counts));
  }

  private static ReportedRun trainedFor(int epochs, Map<String, Metrics> metrics) {
    List<EpochRecord> records =
        IntStream.rangeClosed(1, epochs)
            .mapToObj(epoch -> new EpochRecord(epoch, 0.5, 0.5, ofManyClasses(), 0.1, 1, 10))
            .toList();
    return new ReportedRun(
        "long",
        List.of(),
        List.of(new Curves("training", new History(records))),
        metrics,
        List.of(),
        List.of(),
        List.of(),
        "",
        Map.of());
  }

  @Test
  void aLongTrainingOnManyClassesCostsNoMoreThanItsCurves() {
    Report report = new Report("long", List.of(trainedFor(500, Map.of())));

    assertThat(ReportFile.write(report).length()).isLessThan(500 * 250);
  }

  /** Each matrix of 256 classes is 327,680 bytes, five a number. */
  @Test
  void whatCouldNotBeReadAgainIsNotWritten() {
    Map<String, Metrics> metrics = new TreeMap<>();
    IntStream.range(0, 210).forEach(i -> metrics.put("part " + i, ofManyClasses()));
    Report report = new Report("too long", List.of(trainedFor(1, metrics)));

    assertThatThrownBy(() -> ReportFile.write(report))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching("the report's data have 6\\d{7} bytes, more than the 67108864 .*");
  }

  @Test
  void aTrainingThatDivergedIsReadAsItWasWritten() throws IOException {
    EpochRecord diverged =
        new EpochRecord(1, Double.NaN, 0.1, null, Double.POSITIVE_INFINITY, 0.0, 5);
    Report report =
        new Report(
            "diverged",
            List.of(
                new ReportedRun(
                    "diverged",
                    List.of(),
                    List.of(new Curves("training", new History(List.of(diverged)))),
                    Map.of(),
                    List.of(),
                    List.of(),
                    List.of(),
                    "",
                    Map.of())));

    assertThat(read(ReportFile.write(report))).isEqualTo(report);
  }

  /** {@code A -> B} puts B in place of the first A in a good file. */
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "title" -> "titel"            | title is missing
          "title" -> "more":1,"title"   | at more: Unrecognized field
          "title":"two" -> "title":null | title is missing
          "epoch":2 -> "epoch":1        | epoch 1 stands after epoch 1
          "epoch":1 -> "epoch":"one"    | at runs.[0].curves.[0].history.epochs.[0].epoch
          "confusion":[[ -> "confusion":[[1, | must have as many columns
          "png":"iV -> "png":"<script>  | at runs.[0].worst.[0].picture
          "png":"iV -> "png":"AA        | does not begin as a PNG file does
          "probability":1.0 -> "probability":1.5 | a probability is at most 1
          "attempt":1 -> "attempt":-1   | times must ascend from 0
          "columns":["fold", -> "columns":[ | a row of the table 'Folds' has 3 cells but must have 2
          """)
  void whatIsNoReportIsRefusedInOneLine(String change, String message) {
    String[] parts = change.split(" -> ");
    String good = ReportFile.write(REPORT);
    int at = good.indexOf(parts[0]);
    assertThat(at).as("the file has " + parts[0]).isNotNegative();
    String text = good.substring(0, at) + parts[1] + good.substring(at + parts[0].length());

    assertThatThrownBy(() -> read(text))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageStartingWith("report.json: is not the data of a report")
        .hasMessageContaining(message)
        .hasMessageNotContaining("\n");
  }

  @Test
  void aFileWithoutEndIsNotReadToIt() {
    InputStream endless =
        new InputStream() {
          @Override
          public int read() {
            return ' ';
          }

          @Override
          public int read(byte[] target, int from, int length) {
            java.util.Arrays.fill(target, from, from + length, (byte) ' ');
            return length;
          }
        };

    assertThatThrownBy(() -> ReportFile.read("report.json", endless))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("has more than 67108864 bytes");
  }
}
