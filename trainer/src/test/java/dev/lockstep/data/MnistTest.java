package dev.lockstep.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.yaml.ConfigurationException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MnistTest {
  private static final FileSource EMBEDDED =
      name -> Optional.ofNullable(Mnist.class.getResourceAsStream("mnist/" + name));

  /** The numbers that the data set's authors publish. */
  @Test
  void embeddedDatasetIsWhole() {
    Dataset mnist = Digits.MNIST;

    assertThat(mnist.name()).isEqualTo("mnist");
    assertThat(mnist.shape()).isEqualTo(new Shape(28, 28, 1));
    assertThat(mnist.classes()).isEqualTo(10);
    assertThat(mnist.training().size()).isEqualTo(60_000);
    assertThat(mnist.test().size()).isEqualTo(10_000);
    assertThat(labels(mnist.training(), 10)).containsExactly(5, 0, 4, 1, 9, 2, 1, 3, 1, 4);
    assertThat(labels(mnist.test(), 10)).containsExactly(7, 2, 1, 0, 4, 1, 4, 9, 5, 9);
    assertThat(ofClass(mnist.training(), 5)).isEqualTo(5421);
    assertThat(ofClass(mnist.test(), 5)).isEqualTo(892);
  }

  /** Those of the plain files, as they are published. */
  @ParameterizedTest
  @CsvSource({
    "train-images-idx3-ubyte, ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte, 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte, 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte, ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
  })
  void unpackedFilesHaveTheirSums(String name, String sum) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (InputStream in = new GZIPInputStream(EMBEDDED.open(name + ".gz").orElseThrow())) {
      assertThat(HexFormat.of().formatHex(digest.digest(in.readAllBytes()))).isEqualTo(sum);
    }
  }

  /** The mean of all training pixels is known to be 0.1307. */
  @Test
  void pixelsAreScaledToOne() {
    Examples training = Digits.MNIST.training();
    float[] numbers = new float[784];
    double sum = 0;
    for (int i = 0; i < training.size(); i++) {
      training.copy(i, numbers, 0);
      for (float number : numbers) {
        sum += number;
      }
    }

    assertThat(sum / training.size() / 784).isBetween(0.13065, 0.13067);
  }

  @Test
  void changedFileIsRefused() {
    FileSource changed =
        name ->
            name.equals("t10k-labels-idx1-ubyte.gz")
                ? Optional.of(withOneByteChanged(name))
                : EMBEDDED.open(name);

    assertDamaged(
        changed,
        "the embedded MNIST file t10k-labels-idx1-ubyte.gz has SHA-256 [0-9a-f]{64} but must have"
            + " b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b; the program's jar"
            + " is damaged, build or download it again");
  }

  @Test
  void unreadableOrMissingFileIsRefused() {
    assertDamaged(
        name -> name.endsWith(".gz") ? Optional.of(unreadable()) : EMBEDDED.open(name),
        "the embedded MNIST file train-images-idx3-ubyte.gz cannot be read: no disk; .*");
    assertDamaged(
        name -> name.endsWith(".gz") ? Optional.empty() : EMBEDDED.open(name),
        "the embedded MNIST file train-images-idx3-ubyte.gz is missing; .*");
    assertDamaged(name -> Optional.empty(), "the embedded MNIST file SHA256SUMS is missing; .*");
  }

  private static InputStream withOneByteChanged(String name) throws IOException {
    try (InputStream in = EMBEDDED.open(name).orElseThrow()) {
      byte[] content = in.readAllBytes();
      content[1000] ^= 1;
      return new ByteArrayInputStream(content);
    }
  }

  private static InputStream unreadable() {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        throw new IOException("no disk");
      }
    };
  }

  private static void assertDamaged(FileSource resources, String message) {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> Mnist.load(resources))
        .satisfies(e -> assertThat(e.getMessage()).matches(message));
  }

  private static int[] labels(Examples examples, int count) {
    return IntStream.range(0, count).map(examples::label).toArray();
  }

  private static long ofClass(Examples examples, int wanted) {
    return IntStream.range(0, examples.size()).filter(i -> examples.label(i) == wanted).count();
  }
}
