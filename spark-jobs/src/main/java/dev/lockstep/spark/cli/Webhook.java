package dev.lockstep.spark.cli;

import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Somebody who is told how a retraining went. Path and query of the URL are secrets, and no message
 * has them.
 *
 * @param pauses before each further attempt
 */
record Webhook(URI url, List<Duration> pauses) {
  private static final Logger LOG = LoggerFactory.getLogger(Webhook.class);
  private static final int MOST_BYTES = 1 << 13;
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final List<Duration> PAUSES =
      List.of(Duration.ofSeconds(1), Duration.ofSeconds(4), Duration.ofSeconds(16));

  /**
   * The one whose URL stands in a file.
   *
   * @throws ConfigurationException if there is no such file, or no http or https URL in it
   */
  static Webhook read(String path) {
    try (InputStream in = Location.of(path).open().orElse(null)) {
      if (in == null) {
        throw new ConfigurationException(
            path + ": there is no such file; --webhook-file must name one that holds a URL");
      }
      String text = new String(in.readNBytes(MOST_BYTES), StandardCharsets.UTF_8).strip();
      if (text.matches("https?://[^/\\s]+(/\\S*)?")) {
        URI url = URI.create(text);
        HttpRequest.newBuilder(url); // refuses more URLs, such as those of hosts with an underscore
        return new Webhook(url, PAUSES);
      }
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s".formatted(path, Location.reason(e)), e);
    } catch (IllegalArgumentException e) {
      // Its message has the URL.
    }
    throw new ConfigurationException(
        path
            + ": holds no URL that can be used; expected one line that begins with https:// or http://"
            + " and a host's name of letters, digits, hyphens and dots");
  }

  /** Posts {@code json}; a failure is logged and not thrown, after some attempts. */
  void post(String json) {
    HttpClient client = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
    HttpRequest request =
        HttpRequest.newBuilder(url)
            .timeout(TIMEOUT)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(json))
            .build();
    try {
      for (int attempt = 0; ; attempt++) {
        String answer = answer(client, request);
        if (answer.isEmpty()) {
          return;
        }
        if (attempt == pauses.size() || answer.matches("status 4(?!29)..")) {
          LOG.warn("{} was not told: {}", this, answer);
          return;
        }
        LOG.warn("{} was not told: {}; trying again", this, answer);
        TimeUnit.MILLISECONDS.sleep(pauses.get(attempt).toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * What went wrong; empty if nothing did. The request's timeout ends with the answer's headers,
   * and so the body, which may drip for ever, is not waited for.
   */
  private static String answer(HttpClient client, HttpRequest request) throws InterruptedException {
    try {
      HttpResponse<InputStream> answer = client.send(request, BodyHandlers.ofInputStream());
      answer.body().close();
      int status = answer.statusCode();
      return status / 100 == 2 ? "" : "status " + status;
    } catch (IOException | IllegalArgumentException e) { // the latter's message may have the URL
      return e.getClass().getSimpleName();
    }
  }

  @Override
  public String toString() {
    return "the webhook on " + url.getHost();
  }
}
