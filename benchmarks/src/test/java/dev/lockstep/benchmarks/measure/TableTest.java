package dev.lockstep.benchmarks.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {
  @Test
  void isMarkdownThatReadsAsPlainText() {
    Table table =
        new Table(
            List.of("contender", "examples/s"),
            List.of(List.of("lockstep", "31,000"), List.of("a rival of ours", "–")),
            List.of("First.", "Second."));

    assertThat(table.markdown())
        .isEqualTo(
            """
            | contender       | examples/s |
            | --------------- | ---------: |
            | lockstep        |     31,000 |
            | a rival of ours |          – |

            - First.
            - Second.
            """);
  }

  @Test
  void refusesARowOfAnotherLength() {
    List<List<String>> rows = List.of(List.of("lockstep", "31,000", "2"));

    assertThatThrownBy(() -> new Table(List.of("contender", "examples/s"), rows, List.of()))
        .hasMessage("a row has 3 cells but there are 2 columns: [lockstep, 31,000, 2]");
  }
}
