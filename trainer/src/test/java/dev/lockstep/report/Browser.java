package dev.lockstep.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** Chromium without a screen, that remembers what the page logs and requests. */
final class Browser implements AutoCloseable {
  private static final Path SCREENSHOTS =
      Path.of(System.getProperty("lockstep.screenshots", "target/screenshots"));

  private final ChromeDriver driver;

  private Browser(ChromeDriver driver) {
    this.driver = driver;
  }

  /**
   * Starts it.
   *
   * @param downloads where it puts what is downloaded
   */
  static Browser start(Path downloads) {
    Path chromeDriver =
        Path.of(System.getProperty("lockstep.chromedriver", "/usr/bin/chromedriver"));
    Path chromium = Path.of(System.getProperty("lockstep.chromium", "/usr/bin/chromium"));
    for (Path program : List.of(chromeDriver, chromium)) {
      if (!Files.isExecutable(program)) {
        throw new IllegalStateException(
            "%s is not there, and the report must be tried in a real browser: apt-get install chromium chromium-driver, or name them with -Dlockstep.chromium= and -Dlockstep.chromedriver="
                .formatted(program));
      }
    }
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    logs.enable(LogType.PERFORMANCE, Level.ALL);
    ChromeOptions options = new ChromeOptions();
    options.setBinary(chromium.toString());
    options.addArguments("--headless=new", "--no-sandbox", "--disable-dev-shm-usage");
    options.setCapability("goog:loggingPrefs", logs);
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(chromeDriver.toFile())
            .usingAnyFreePort()
            .withTimeout(Duration.ofSeconds(60))
            .build();
    ChromeDriver driver = new ChromeDriver(service, options);
    driver.executeCdpCommand(
        "Browser.setDownloadBehavior",
        Map.of("behavior", "allow", "downloadPath", downloads.toString()));
    return new Browser(driver);
  }

  ChromeDriver driver() {
    return driver;
  }

  /** Opens the page as a reader with this window and this taste would see it. */
  void open(Path page, int width, int height, String colourScheme) {
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of(
            "media",
            "",
            "features",
            List.of(Map.of("name", "prefers-color-scheme", "value", colourScheme))));
    if (width < 500) {
      driver.executeCdpCommand(
          "Emulation.setDeviceMetricsOverride",
          Map.of("width", width, "height", height, "deviceScaleFactor", 2, "mobile", true));
    } else {
      driver.executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());
      driver.manage().window().setSize(new Dimension(width, height));
    }
    driver.get(page.toUri().toString());
  }

  /** Lays the open page out by its rules for paper of this size, as far as a screen can show it. */
  void layOutAsPrinted(int width, int height) {
    driver.executeCdpCommand("Emulation.setEmulatedMedia", Map.of("media", "print"));
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
  }

  Object run(String script, Object... arguments) {
    return driver.executeScript(script, arguments);
  }

  long count(String script, Object... arguments) {
    return ((Number) run("return " + script, arguments)).longValue();
  }

  String text(String selector) {
    return (String) run("return document.querySelector(arguments[0]).textContent", selector);
  }

  /** What the page wrote to the console since it was last asked. */
  List<String> console() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .map(LogEntry::getMessage)
        .toList();
  }

  /** The addresses that were requested since it was last asked; data within the page aside. */
  List<String> requests() {
    return driver.manage().logs().get(LogType.PERFORMANCE).getAll().stream()
        .map(LogEntry::getMessage)
        .filter(message -> message.contains("\"Network.requestWillBeSent\""))
        .map(message -> message.replaceAll("(?s).*\"request\":\\{.*?\"url\":\"([^\"]*)\".*", "$1"))
        .filter(url -> !url.startsWith("data:") && !url.startsWith("blob:"))
        .toList();
  }

  /** Keeps a picture of the whole page. */
  Path screenshot(String name) throws IOException {
    Number height = (Number) run("return document.documentElement.scrollHeight");
    Number width = (Number) run("return document.documentElement.clientWidth");
    Map<String, Object> shot =
        driver.executeCdpCommand(
            "Page.captureScreenshot",
            Map.of(
                "captureBeyondViewport",
                true,
                "clip",
                Map.of("x", 0, "y", 0, "width", width, "height", height, "scale", 1)));
    return keep(name + ".png", (String) shot.get("data"));
  }

  /** Keeps what the screen shows now. */
  Path glance(String name) throws IOException {
    return keep(name + ".png", driver.getScreenshotAs(OutputType.BASE64));
  }

  /** Prints the page. */
  Path print(String name) throws IOException {
    Map<String, Object> pdf =
        driver.executeCdpCommand(
            "Page.printToPDF", Map.of("printBackground", false, "preferCSSPageSize", true));
    return keep(name + ".pdf", (String) pdf.get("data"));
  }

  private static Path keep(String file, String base64) throws IOException {
    Files.createDirectories(SCREENSHOTS);
    return Files.write(SCREENSHOTS.resolve(file), Base64.getDecoder().decode(base64));
  }

  @Override
  public void close() {
    driver.quit();
  }
}
