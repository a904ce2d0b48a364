package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The {@code report.html} of real runs, as Chromium shows it. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class RunPageIT {
  private static final int EPOCHS = 3;
  private static final int FOLDS = 3;
  private static final Pattern PATH = Pattern.compile("<path [^>]*>");
  private static final Pattern LINE =
      Pattern.compile("(?=.* fill=\"none\")(?=.* stroke-width=\"2\")(?!.* stroke-opacity=\"0\")");
  private static final Pattern BAND = Pattern.compile(" fill-opacity=\"0[.]18\"");
  private static final Pattern BAR = Pattern.compile("<path [^>]*fill=\"#1f5fa8\"");
  private static final Pattern CIRCLE = Pattern.compile(" d=\"M1 0A1 1 0 1 1 1 ");
  private static final Pattern CELL = Pattern.compile("<td tabindex=[^>]*>([\\d,·]+)</td>");

  @TempDir static Path directory;
  private static Path configuration;

  @BeforeAll
  static void write() throws IOException {
    configuration = SmallMnist.configuration(SmallMnist.write(directory));
  }

  private static Path run(String command, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                command,
                "--config",
                configuration.toString(),
                "--master",
                "local[2]",
                "--set",
                "training.epochs=" + EPOCHS,
                "--output",
                directory.resolve("runs").toString()));
    arguments.addAll(List.of(more));
    Invocation run = Invocation.of(arguments.toArray(String[]::new));
    assertThat(run.exitCode()).as(run.err()).isZero();
    return Path.of(run.lastLine());
  }

  /**
   * The page as its scripts have made it.
   *
   * @param name of its picture
   */
  private static String shown(Path run, String name) throws Exception {
    Path page = run.resolve("report.html").toAbsolutePath();
    Path dom = directory.resolve("page.html");
    Path log = directory.resolve("chromium.log");
    Path pictures =
        Files.createDirectories(
            Path.of(System.getProperty("lockstep.screenshots", "target/screenshots")));
    chromium(dom, log, "--dump-dom", page.toUri().toString());
    assertThat(Files.readString(log)).doesNotContain("CONSOLE");
    chromium(
        directory.resolve("nothing"),
        log,
        "--screenshot=" + pictures.resolve(name + ".png").toAbsolutePath(),
        "--window-size=1200,3000",
        page.toUri().toString());
    return Files.readString(dom);
  }

  private static void chromium(Path out, Path log, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                System.getProperty("lockstep.chromium", "/usr/bin/chromium"),
                "--headless=new",
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--user-data-dir=" + directory.resolve("profile"),
                "--virtual-time-budget=4000",
                "--enable-logging=stderr"));
    command.addAll(List.of(arguments));
    Process chromium =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(log.toFile())
            .start();
    assertThat(chromium.waitFor()).as(Files.readString(log)).isZero();
  }

  /** What lies between the element with this id and the first {@code end} after it. */
  private static String part(String page, String id, String end) {
    int from = page.indexOf(" id=\"" + id + "\"");
    assertThat(from).as("#%s", id).isPositive();
    return page.substring(from, page.indexOf(end, from));
  }

  private static long count(Pattern pattern, String chart) {
    return pattern.matcher(chart).results().count();
  }

  /** How many points each path of this kind connects. */
  private static List<Integer> points(String chart, Pattern kind) {
    return PATH.matcher(chart)
        .results()
        .map(MatchResult::group)
        .filter(path -> kind.matcher(path).find())
        .map(path -> path.replaceFirst("(?s).* d=\"([^\"]*)\".*", "$1").split("[ML]").length - 1)
        .toList();
  }

  private static int confused(String page) {
    return CELL.matcher(part(page, "confusion-0", "</table>"))
        .results()
        .map(cell -> cell.group(1).replace(",", "").replace("·", "0"))
        .mapToInt(Integer::parseInt)
        .sum();
  }

  @Test
  void aTrainingShowsItsEpochsItsClassesAndItsWorkers() throws Exception {
    Path run = run("train");

    String page = shown(run, "run");

    assertThat(page).contains("<h1>" + run.getFileName() + "</h1>");
    assertThat(CIRCLE.matcher(part(page, "curve-loss", "</svg>")).results().count())
        .as("a point of training for each epoch; validation is a line")
        .isEqualTo(EPOCHS);
    assertThat(points(part(page, "curve-loss", "</svg>"), LINE)).containsExactly(EPOCHS);
    assertThat(confused(page)).isEqualTo(SmallMnist.TEST);
    assertThat(part(page, "timeline-0", "</svg>")).contains("worker 0", "worker 1");
    List<String> wrong =
        Pattern.compile("<img [^>]*src=\"data:image/")
            .matcher(page)
            .results()
            .map(MatchResult::group)
            .toList();
    assertThat(wrong).as("pictures of what was taken for something else").isNotEmpty();
  }

  @Test
  void aCrossValidationShowsTheBandOfItsFoldsAndEveryExampleOnce() throws Exception {
    Path run = run("cross-validate", "--folds", "" + FOLDS);

    String page = shown(run, "cross-validation");

    assertThat(page).contains("<h1>" + run.getFileName() + "</h1>");
    for (String curve : List.of("curve-accuracy", "curve-loss")) {
      String chart = part(page, curve, "</svg>");
      assertThat(count(CIRCLE, chart)).as("the mean of training in each epoch").isEqualTo(EPOCHS);
      assertThat(points(chart, LINE)).as("the mean of validation").containsExactly(EPOCHS);
      assertThat(points(chart, BAND)).as("there and back").containsExactly(2 * EPOCHS);
    }
    assertThat(confused(page)).isEqualTo(SmallMnist.TRAINING);
    assertThat(count(CIRCLE, part(page, "classes-0", "</svg>")))
        .as("recall and precision of each class")
        .isEqualTo(2 * 10);
    assertThat(count(BAR, part(page, "timeline-0", "</svg>"))).isEqualTo(FOLDS);
    assertThat(page).contains("<th scope=\"row\">mean</th>");
  }
}
