package dev.lockstep.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.metrics.EpochRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.support.ui.WebDriverWait;

/** The report in a real browser. */
class ReportPageIT {
  private static final String HOSTILE = "</script><img src=x onerror=alert(1)><b>'\"&";
  private static final int WIDE = 1200;
  private static final int PHONE = 375;

  /** A4 less its margins, at 96 dots an inch. */
  private static final int PAPER = 690;

  private static final String RIGHTMOST =
      "Math.max(...[...document.querySelectorAll('.chart svg')].map(svg =>"
          + " svg.getBoundingClientRect().right))";
  private static final String WIDEST =
      "Math.max(...[...document.querySelectorAll('.chart svg')].map(svg =>"
          + " svg.getBoundingClientRect().width))";

  @TempDir static Path directory;

  private static Browser browser;

  @BeforeAll
  static void start() {
    browser = Browser.start(directory);
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
    }
  }

  /** Whatever was looked at: the page has no errors, and asks for nothing but itself. */
  @AfterEach
  void thePageIsQuietAndAlone() {
    assertThat(browser.console()).isEmpty();
    assertThat(browser.requests()).isNotEmpty().allMatch(url -> url.endsWith("/report.html"));
  }

  private static void open(Report report, int width, String colourScheme) throws IOException {
    Path page = directory.resolve(ReportPage.NAME);
    Files.writeString(page, ReportPage.html(report));
    browser.open(page, width, 900, colourScheme);
  }

  private static Report training() {
    return new Report("mnist-mlp", List.of(Samples.training("mnist-mlp", Samples.digits())));
  }

  private static Report folds() {
    return new Report("folds", List.of(Samples.crossValidation("folds", 5)));
  }

  private static Report comparison() {
    return new Report(
        "Comparison",
        List.of(
            Samples.training("mlp", Samples.digits()),
            Samples.training("lenet", Samples.digits()),
            Samples.crossValidation("folds", 5)));
  }

  /** How many circles a chart has painted. */
  private static long circles(String chart) {
    return browser.count(
        "[...document.querySelectorAll(`#${arguments[0]} svg path`)].filter(path =>"
            + " /^M1 0A1 1 0 1 1 1 /.test(path.getAttribute('d'))).length",
        chart);
  }

  /** How many points each painted line of a chart connects. */
  private static List<Long> lines(String chart) {
    return points(
        chart,
        "path.getAttribute('stroke-width') === '2' && path.getAttribute('fill') === 'none' &&"
            + " path.getAttribute('stroke-opacity') !== '0'");
  }

  private static List<Long> points(String chart, String which) {
    return ((List<?>)
            browser.run(
                "return [...document.querySelectorAll(`#${arguments[0]} svg path`)].filter(path => "
                    + which
                    + ").map(path => path.getAttribute('d').split(/[ML]/).length - 1)",
                chart))
        .stream().map(number -> ((Number) number).longValue()).toList();
  }

  @Test
  void aTrainingHasEveryEpochInItsCurves() throws IOException {
    open(training(), WIDE, "light");
    browser.screenshot("report-light");

    for (String chart : List.of("curve-accuracy", "curve-loss")) {
      assertThat(circles(chart)).isEqualTo(Samples.EPOCHS);
      assertThat(lines(chart)).containsExactly((long) Samples.EPOCHS);
    }
    assertThat(browser.text("#curves .note")).contains("suggests overfitting since epoch 6");
  }

  @Test
  void theClassesAreThereWithTheirCounts() throws IOException {
    open(training(), WIDE, "light");

    assertThat(browser.count("document.querySelectorAll('#confusion-0 tbody td').length"))
        .isEqualTo(Samples.CLASSES * Samples.CLASSES);
    assertThat(
            browser.count(
                "[...document.querySelectorAll('#confusion-0 tbody td')].map(cell => Number(cell.textContent) || 0).reduce((a, b) => a + b)"))
        .isEqualTo(Samples.metrics(0.0734, 1).examples());
    assertThat(circles("classes-0")).isEqualTo(2 * Samples.CLASSES);
  }

  @Test
  void thePicturesAreThereAndHaveDecoded() throws IOException {
    open(training(), WIDE, "light");

    assertThat(browser.count("document.querySelectorAll('.examples img').length")).isEqualTo(24);
    assertThat(browser.count("document.querySelectorAll('.weights img').length")).isEqualTo(32);
    assertThat(
            browser.count(
                "[...document.images].filter(image => image.complete && image.naturalWidth === 28 && image.alt !== '').length"))
        .isEqualTo(56);
    assertThat(browser.text(".examples li")).contains("7 taken for 0");
    assertThat(browser.text("dl.facts"))
        .isEqualTo("datasetmnistnetworkmlp-512, 407,050 parameters");
  }

  @Test
  void theTimelineShowsEverySpanAndMarksWhatFailed() throws IOException {
    open(training(), WIDE, "light");

    assertThat(
            browser.run(
                "return [...document.querySelectorAll('#timeline-0 svg path')].map(path => path.getAttribute('fill')).filter(fill => ['#1f5fa8', '#9a4412'].includes(fill)).sort()"))
        .isEqualTo(List.of("#1f5fa8", "#1f5fa8", "#9a4412"));
  }

  @Test
  void aPointerOverAnEpochShowsItsValues() throws IOException {
    open(training(), WIDE, "light");
    WebElement chart = browser.driver().findElement(By.id("curve-loss"));
    browser.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", chart);
    new Actions(browser.driver()).moveToElement(chart).perform();

    String tip = await("#curve-loss .tip");
    assertThat(tip).containsPattern("epoch [67]training0\\.\\d{4}validation0\\.\\d{4}");
    browser.glance("report-hover");
  }

  @Test
  void aPointerOverTheFoldsShowsTheirMeanAndRange() throws IOException {
    open(folds(), WIDE, "light");
    WebElement chart = browser.driver().findElement(By.id("curve-accuracy"));
    browser.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", chart);
    new Actions(browser.driver()).moveToElement(chart).perform();

    assertThat(await("#curve-accuracy .tip"))
        .containsPattern(
            "epoch [67]training0\\.\\d{4} \\(0\\.\\d{4}–0\\.\\d{4}\\)validation0\\.\\d{4} \\(0\\.\\d{4}–");
  }

  private static String await(String selector) {
    return new WebDriverWait(browser.driver(), Duration.ofSeconds(10))
        .until(
            driver ->
                driver.findElements(By.cssSelector(selector)).stream()
                    .filter(WebElement::isDisplayed)
                    .map(element -> element.getAttribute("textContent"))
                    .findFirst()
                    .orElse(null));
  }

  @Test
  void aPointerOverACellSaysWhatWasTakenForWhat() throws IOException {
    open(training(), WIDE, "light");
    WebElement cell =
        browser.driver().findElement(By.cssSelector("#confusion-0 tbody td:nth-child(3)"));
    new Actions(browser.driver()).scrollToElement(cell).moveToElement(cell).perform();

    assertThat(await("figure:has(#confusion-0) output"))
        .isEqualTo("true 0, predicted 1: 1 of 100 (1.00 %)");
  }

  @Test
  void everythingCanBeReachedAndReadByKeyboard() throws IOException {
    open(training(), WIDE, "light");
    List<String> reached = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      new Actions(browser.driver()).sendKeys(Keys.TAB).perform();
      WebElement focused = browser.driver().switchTo().activeElement();
      reached.add(focused.getTagName() + "#" + focused.getAttribute("id"));
      if (focused.getAttribute("class") != null
          && focused.getAttribute("class").contains("chart")) {
        new Actions(browser.driver()).sendKeys(Keys.END).perform();
        assertThat((String) browser.run("return arguments[0].nextSibling.textContent", focused))
            .containsPattern("^(epoch 12|class 9|worker 1): ");
      }
    }

    assertThat(reached)
        .containsSubsequence(
            "div#curve-accuracy",
            "button#",
            "div#curve-loss",
            "button#",
            "td#",
            "button#",
            "div#classes-0",
            "div#timeline-0",
            "pre#");
  }

  @Test
  void theArrowKeysWalkOverTheConfusionMatrix() throws IOException {
    open(training(), WIDE, "light");
    browser.run("document.querySelector('#confusion-0 tbody td').focus()");
    new Actions(browser.driver()).sendKeys(Keys.ARROW_DOWN, Keys.ARROW_RIGHT).perform();

    assertThat(browser.text("figure:has(#confusion-0) output"))
        .startsWith("true 1, predicted 1: 98");
  }

  @Test
  void everyChartsDataIsDownloadedAsCsv() throws IOException {
    open(training(), WIDE, "light");
    List<WebElement> buttons = browser.driver().findElements(By.cssSelector("button.csv"));
    assertThat(buttons)
        .hasSize(browser.driver().findElements(By.tagName("figure")).size())
        .hasSize(6);
    buttons.forEach(button -> browser.run("arguments[0].click()", button));

    List<String> loss = downloaded("mnist-mlp-loss.csv", 1 + Samples.EPOCHS);
    EpochRecord first = Samples.history(Samples.EPOCHS, 0).epochs().get(0);
    assertThat(loss.get(0)).isEqualTo("run,curve,epoch,training_loss,validation_loss");
    assertThat(loss.get(1))
        .isEqualTo(
            "mnist-mlp,training,1,%s,%s"
                .formatted(first.trainingLoss(), first.validation().loss()));
    downloaded("mnist-mlp-accuracy.csv", 1 + Samples.EPOCHS);
    downloaded("mnist-mlp-confusion.csv", 1 + Samples.CLASSES * Samples.CLASSES);
    downloaded("mnist-mlp-classes.csv", 1 + Samples.CLASSES);
    downloaded("mnist-mlp-timeline.csv", 1 + 3);
    downloaded("mnist-mlp-wrong.csv", 1 + 24);
  }

  private static List<String> downloaded(String name, int lines) throws IOException {
    Path file = directory.resolve(name);
    // Chromium reserves the name with an empty file, over which it moves the whole one.
    new WebDriverWait(browser.driver(), Duration.ofSeconds(20))
        .until(driver -> file.toFile().length() > 0);
    List<String> read = Files.readAllLines(file);
    assertThat(read).hasSize(lines);
    return read;
  }

  @Test
  void foldsAreABandWithTheirMean() throws IOException {
    open(folds(), WIDE, "light");
    browser.screenshot("report-folds");

    assertThat(circles("curve-accuracy")).isEqualTo(Samples.EPOCHS);
    assertThat(lines("curve-accuracy")).containsExactly((long) Samples.EPOCHS);
    assertThat(bands("curve-accuracy")).containsExactly(2L * Samples.EPOCHS);
    browser.run("document.getElementById('curve-loss').focus()");
    new Actions(browser.driver()).sendKeys(Keys.HOME).perform();
    double validation = 0.3 + 0.012;
    assertThat(browser.text("#curve-loss + output"))
        .contains(
            String.format(
                Locale.ROOT,
                "validation %.4f (%.4f–%.4f)",
                validation + 0.04,
                validation,
                validation + 0.08));
  }

  /** The corners of each band: along its least values and back along the most. */
  private static List<Long> bands(String chart) {
    return points(chart, "path.getAttribute('fill-opacity') === '0.18'");
  }

  @Test
  void whereSomeFoldsHaveEndedThereIsNoMeanAndThePageSaysSo() throws IOException {
    open(
        new Report("unequal", List.of(Samples.crossValidation("unequal", new int[] {7, 5, 12, 9}))),
        WIDE,
        "light");

    for (String chart : List.of("curve-accuracy", "curve-loss")) {
      assertThat(circles(chart)).isEqualTo(5);
      assertThat(lines(chart)).containsExactly(5L);
      assertThat(bands(chart)).containsExactly(10L);
    }
    assertThat(browser.text("#curves figcaption"))
        .contains("The folds ended after 5 to 12 epochs: their mean and band end with epoch 5");
    browser.run("document.getElementById('curve-loss').focus()");
    new Actions(browser.driver()).sendKeys(Keys.END).perform();
    assertThat(browser.text("#curve-loss + output"))
        .isEqualTo("epoch 12: folds 1 of 4 have this epoch");
  }

  @Test
  void theScoresOfTheFoldsAreATableThatCanBeDownloaded() throws IOException {
    open(folds(), WIDE, "light");
    WebElement table = browser.driver().findElement(By.cssSelector("figure:has(table.plain)"));

    assertThat(table.findElements(By.cssSelector("tbody tr"))).hasSize(5);
    assertThat(table.findElement(By.cssSelector("tbody tr")).getText())
        .isEqualTo("fold 1 0.9012 12");
    browser.run("arguments[0].click()", table.findElement(By.cssSelector("figcaption button.csv")));
    assertThat(downloaded("folds-Folds.csv", 1 + 5).get(1)).isEqualTo("fold 1,0.90123456,12");
  }

  @Test
  void severalRunsAreLaidOverOneAnother() throws IOException {
    open(comparison(), WIDE, "light");
    browser.screenshot("report-comparison");

    assertThat(circles("curve-accuracy")).isEqualTo(3 * Samples.EPOCHS);
    assertThat(lines("curve-accuracy")).hasSize(3).containsOnly((long) Samples.EPOCHS);
    assertThat(bands("curve-accuracy")).containsExactly(2L * Samples.EPOCHS);
    assertThat(browser.count("document.querySelectorAll('#runs tbody tr').length")).isEqualTo(3);
    assertThat(circles("classes-2")).isEqualTo(2 * Samples.CLASSES);
  }

  @Test
  void aRunOfOneEpochHasPointsBesideLongerRuns() throws IOException {
    ReportedRun run = Samples.training("short", Samples.digits());
    ReportedRun brief =
        new ReportedRun(
            run.name(),
            run.classes(),
            List.of(new Curves("training", Samples.history(1, 0))),
            Map.of(),
            List.of(),
            List.of(),
            List.of(),
            "",
            Map.of());
    open(
        new Report("two", List.of(brief, Samples.training("long", Samples.digits()))),
        WIDE,
        "light");

    assertThat(circles("curve-loss")).isEqualTo(1 + Samples.EPOCHS);
    assertThat(
            browser.count(
                "[...document.querySelectorAll('#curve-loss svg path')].filter(path => path.getAttribute('d') === 'M0 -1L1 0L0 1L-1 0Z').length"))
        .isEqualTo(1);
  }

  @Test
  void inTheDarkThePageIsDarkAndItsChartsToo() throws IOException {
    open(training(), WIDE, "dark");
    browser.screenshot("report-dark");

    assertThat(browser.run("return getComputedStyle(document.body).backgroundColor"))
        .isEqualTo("rgb(23, 24, 23)");
    assertThat(
            browser.count(
                "document.querySelectorAll('#curve-loss svg path[stroke=\"#86b4ea\"]').length"))
        .isEqualTo(1);
  }

  @ParameterizedTest
  @MethodSource("reports")
  void onAPhoneNothingIsWiderThanTheScreen(Report report) throws IOException {
    open(report, PHONE, "light");
    browser.screenshot("report-phone-" + report.title());

    assertThat(browser.count("document.documentElement.scrollWidth")).isEqualTo(PHONE);
    assertThat(((Number) browser.run("return " + RIGHTMOST)).doubleValue())
        .isLessThanOrEqualTo(PHONE);
    assertThat(circles("curve-loss")).isEqualTo((long) report.runs().size() * Samples.EPOCHS);
  }

  static List<Report> reports() {
    return List.of(training(), folds(), comparison());
  }

  /** The charts are drawn as they are when the page is asked to be printed. */
  @ParameterizedTest
  @MethodSource("reports")
  void onPaperItIsLightWhateverTheScreenWasAndNoChartIsCutOff(Report report) throws IOException {
    open(report, WIDE, "dark");
    browser.run(
        "addEventListener('beforeprint', () => { window.printed = {colour:"
            + " getComputedStyle(document.body).backgroundColor, width: "
            + WIDEST
            + "}; })");
    Path paper = browser.print("report-" + report.title());

    assertThat(paper).isNotEmptyFile();
    assertThat(browser.run("return window.printed.colour")).isEqualTo("rgb(253, 252, 249)");
    assertThat(((Number) browser.run("return window.printed.width")).doubleValue())
        .as("A4 less its margins, at 96 dots an inch")
        .isBetween(400.0, 690.0);
    assertThat(browser.run("return getComputedStyle(document.body).backgroundColor"))
        .isEqualTo("rgb(23, 24, 23)");
    assertThat(browser.count("document.documentElement.scrollWidth"))
        .isEqualTo(browser.count("document.documentElement.clientWidth"));
  }

  @ParameterizedTest
  @MethodSource("reports")
  void whatPaperShowsFitsItsWidth(Report report) throws IOException {
    open(report, WIDE, "light");
    browser.layOutAsPrinted(PAPER, 1000);

    assertThat(browser.count("document.documentElement.scrollWidth"))
        .isLessThanOrEqualTo(PAPER)
        .isEqualTo(browser.count("document.documentElement.clientWidth"));
    new WebDriverWait(browser.driver(), Duration.ofSeconds(10))
        .until(driver -> ((Number) browser.run("return " + RIGHTMOST)).doubleValue() <= PAPER);
  }

  @Test
  void namesAreTextWhateverTheyContain() throws IOException {
    List<String> classes = new ArrayList<>(Samples.digits());
    classes.set(0, HOSTILE);
    ReportedRun run = Samples.training(HOSTILE, classes);
    ReportedRun hostile =
        new ReportedRun(
            run.name(),
            run.classes(),
            List.of(new Curves(HOSTILE, run.curves().get(0).history())),
            Map.of(HOSTILE, Samples.metrics(0.1, 1)),
            run.worst(),
            List.of(new Pictures(HOSTILE, List.of())),
            List.of(new Span(HOSTILE, HOSTILE, 0, 0, 1, HOSTILE)),
            HOSTILE,
            Map.of(HOSTILE, HOSTILE));
    open(new Report(HOSTILE, List.of(hostile, hostile)), WIDE, "light");

    assertThat(browser.run("return document.title")).isEqualTo(HOSTILE);
    assertThat(browser.text("h1")).isEqualTo(HOSTILE);
    assertThat(browser.text("pre")).isEqualTo(HOSTILE);
    assertThat(
            browser.count(
                "document.querySelectorAll('[onerror], main b:not(figcaption b)').length"))
        .isZero();
    for (String chart : List.of("curve-loss", "classes-0", "timeline-1")) {
      browser.run("document.getElementById(arguments[0]).focus()", chart);
      new Actions(browser.driver()).sendKeys(Keys.HOME).perform();
      assertThat(await("#" + chart + " .tip")).contains(HOSTILE);
      assertThat(
              browser.count(
                  "document.querySelectorAll('#' + arguments[0] + ' .tip :is(img, script)').length",
                  chart))
          .isZero();
    }
  }
}
