package plinth.lab;

import com.alibaba.nacos.config.server.service.datasource.DynamicDataSource;
import com.alibaba.nacos.naming.cluster.ServerStatus;
import com.alibaba.nacos.naming.cluster.ServerStatusManager;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** The two health paths of the console module, with its answers: OK, or 500 and what is missing. */
@RestController
@RequestMapping("/v1/console/health")
class Health {
  private final ServerStatusManager naming;

  Health(ServerStatusManager naming) {
    this.naming = naming;
  }

  @GetMapping("/liveness")
  ResponseEntity<String> liveness() {
    return ResponseEntity.ok("OK");
  }

  @GetMapping("/readiness")
  ResponseEntity<String> readiness() {
    boolean config = configIsReady();
    boolean naming = this.naming.getServerStatus() == ServerStatus.UP;
    if (config && naming) return ResponseEntity.ok("OK");
    String missing = config ? "Naming is" : naming ? "Config is" : "Config and Naming are";
    return ResponseEntity.status(500).body(missing + " not in readiness");
  }

  private static boolean configIsReady() {
    try {
      DynamicDataSource.getInstance().getDataSource().getJdbcTemplate()
          .queryForObject("SELECT count(*) FROM config_info", Integer.class);
      return true;
    } catch (Exception unreadable) {
      return false;
    }
  }
}
