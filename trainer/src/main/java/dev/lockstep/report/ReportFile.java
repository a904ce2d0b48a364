package dev.lockstep.report;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import dev.lockstep.metrics.ConfusionMatrix;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The data of a report as JSON, from which the report can be made again: the records by their
 * components' names, pictures as PNG in Base64, a number that is not finite as {@code "NaN"} or
 * {@code "Infinity"}.
 */
public final class ReportFile {
  /** The file's name in a run directory. */
  public static final String NAME = "report.json";

  /** The longest file that is read: one of 64 runs has a tenth of it. */
  static final int MOST_BYTES = 1 << 26;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .addModule(
              new SimpleModule()
                  .addSerializer(ConfusionMatrix.class, new WriteConfusion())
                  .addDeserializer(ConfusionMatrix.class, new ReadConfusion()))
          .build();

  private ReportFile() {}

  /** The JSON text of {@code value}. */
  static String write(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * The file's text.
   *
   * @throws IllegalArgumentException if it would be longer than what {@link #read} reads, which
   *     takes very many runs with very many classes
   */
  public static String write(Report report) {
    String text = write((Object) report);
    long bytes = utf8Length(text);
    if (bytes > MOST_BYTES) {
      throw new IllegalArgumentException(
          "the report's data have %d bytes, more than the %d that a report can have"
              .formatted(bytes, MOST_BYTES));
    }
    return text;
  }

  private static long utf8Length(String text) {
    return text.chars()
        .mapToLong(c -> c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate((char) c) ? 2 : 3)
        .sum();
  }

  /** Examples as JSON, in which shape they come back from executors: records pass no Kryo. */
  public static String writeExamples(List<WrongExample> examples) {
    return write((Object) examples);
  }

  /**
   * Reads what {@link #writeExamples} wrote.
   *
   * @throws IllegalArgumentException if it is something else
   */
  public static List<WrongExample> readExamples(String text) {
    try {
      return List.of(JSON.readValue(text, WrongExample[].class));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("these are no examples: " + reason(e), e);
    }
  }

  /**
   * Reads what {@link #write(Report)} wrote.
   *
   * @param source what errors call the file
   * @param in read to its end, or 64 MiB; not closed
   * @throws ConfigurationException if it is not such a file, or too long
   * @throws IOException if it cannot be read
   */
  public static Report read(String source, InputStream in) throws IOException {
    byte[] bytes = in.readNBytes(MOST_BYTES + 1);
    if (bytes.length > MOST_BYTES) {
      throw new ConfigurationException(
          "%s: has more than %d bytes, the most that a report can have"
              .formatted(source, MOST_BYTES));
    }
    try {
      Report report = JSON.readValue(bytes, Report.class);
      if (report == null) {
        throw new ConfigurationException(source + ": holds no report");
      }
      return report;
    } catch (JsonProcessingException e) {
      throw new ConfigurationException(
          "%s: is not the data of a report%s: %s".formatted(source, place(e), reason(e)), e);
    }
  }

  private static String place(JsonProcessingException e) {
    if (!(e instanceof JsonMappingException mapping) || mapping.getPath().isEmpty()) {
      return "";
    }
    return mapping.getPath().stream()
        .map(
            each -> each.getFieldName() == null ? "[" + each.getIndex() + "]" : each.getFieldName())
        .collect(Collectors.joining(".", " at ", ""));
  }

  private static String reason(JsonProcessingException e) {
    String message =
        e.getCause() instanceof IllegalArgumentException cause
            ? cause.getMessage()
            : e.getOriginalMessage();
    return message.lines().findFirst().orElse("");
  }

  private static final class WriteConfusion extends JsonSerializer<ConfusionMatrix> {
    @Override
    public void serialize(ConfusionMatrix matrix, JsonGenerator json, SerializerProvider provider)
        throws IOException {
      json.writeTree(matrix.toJson());
    }
  }

  private static final class ReadConfusion extends JsonDeserializer<ConfusionMatrix> {
    @Override
    public ConfusionMatrix deserialize(JsonParser json, DeserializationContext context)
        throws IOException {
      long[][] rows = context.readValue(json, long[][].class);
      for (long[] row : rows) {
        if (row == null || row.length != rows.length) {
          throw JsonMappingException.from(
              json,
              "a confusion matrix of %d rows must have as many columns".formatted(rows.length));
        }
      }
      try {
        return new ConfusionMatrix(
            rows.length, Arrays.stream(rows).flatMapToLong(Arrays::stream).toArray());
      } catch (IllegalArgumentException e) {
        throw JsonMappingException.from(json, e.getMessage(), e);
      }
    }
  }
}
