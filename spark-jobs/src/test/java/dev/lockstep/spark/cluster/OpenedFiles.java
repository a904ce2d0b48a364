package dev.lockstep.spark.cluster;

import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.hdfs.security.token.delegation.DelegationTokenSecretManager;
import org.apache.hadoop.hdfs.server.namenode.HdfsAuditLogger;
import org.apache.hadoop.ipc.CallerContext;
import org.apache.hadoop.security.UserGroupInformation;

/** What the name node of this process is asked to open, and by which of Spark's tasks. */
public final class OpenedFiles extends HdfsAuditLogger {
  private static final List<Opening> ALL = new CopyOnWriteArrayList<>();

  /**
   * One file that was opened once.
   *
   * @param task as Spark names it to Hadoop; empty where none did it
   */
  record Opening(String path, String task) {}

  /** By which tasks of executors {@code path} was opened, each as often as it was. */
  static List<String> tasks(String path) {
    return ALL.stream()
        .filter(each -> each.path().equals(path) && each.task().startsWith("SPARK_TASK_"))
        .map(Opening::task)
        .toList();
  }

  @Override
  public void initialize(Configuration conf) {}

  @Override
  public void logAuditEvent(
      boolean succeeded,
      String user,
      InetAddress address,
      String command,
      String source,
      String destination,
      FileStatus status,
      CallerContext caller,
      UserGroupInformation group,
      DelegationTokenSecretManager tokens) {
    if (command.equals("open")) {
      String task = caller == null || caller.getContext() == null ? "" : caller.getContext();
      ALL.add(new Opening(source, task));
    }
  }

  @Override
  public void logAuditEvent(
      boolean succeeded,
      String user,
      InetAddress address,
      String command,
      String source,
      String destination,
      FileStatus status,
      UserGroupInformation group,
      DelegationTokenSecretManager tokens) {
    logAuditEvent(
        succeeded, user, address, command, source, destination, status, null, group, tokens);
  }
}
