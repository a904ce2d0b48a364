package dev.lockstep.spark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.spark.storage.Location;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How predictions that are whole get their place. */
class PredictionTest {
  @TempDir Path directory;
  private Location output;

  @BeforeEach
  void nameTheOutput() {
    output = Location.of(directory.resolve("predicted").toString());
  }

  private Location predictions(String name) throws IOException {
    Path made = Files.createDirectory(directory.resolve(name));
    Files.writeString(made.resolve("part-0"), name);
    return Location.of(made.toString());
  }

  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void newOnesTakeThePlaceOfTheOld() throws Exception {
    predictions("predicted");

    Prediction.put(predictions("new"), output, true);

    assertThat(directory.resolve("predicted/part-0")).hasContent("new");
    assertThat(names()).containsExactly("predicted");
  }

  @Test
  void theOldOnesStayIfTheNewOnesCannotBeRenamed() throws Exception {
    predictions("predicted");
    Location gone = Location.of(directory.resolve("gone").toString());

    assertThatThrownBy(() -> Prediction.put(gone, output, true)).isInstanceOf(IOException.class);

    assertThat(directory.resolve("predicted/part-0")).hasContent("predicted");
    assertThat(names()).containsExactly("predicted");
  }

  @Test
  void whatASecondWriterPutThereMeanwhileStays() throws Exception {
    Location slow = predictions("slow");
    Prediction.put(predictions("fast"), output, false);

    assertThatThrownBy(() -> Prediction.put(slow, output, false)).isInstanceOf(IOException.class);

    assertThat(directory.resolve("predicted/part-0")).hasContent("fast");
  }
}
