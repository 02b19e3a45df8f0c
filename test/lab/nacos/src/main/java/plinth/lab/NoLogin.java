package plinth.lab;

import com.alibaba.nacos.auth.AuthManager;
import com.alibaba.nacos.auth.exception.AccessException;
import com.alibaba.nacos.auth.model.Permission;
import com.alibaba.nacos.auth.model.User;
import org.springframework.stereotype.Component;

/** 2.0.3 wants an AuthManager and the published modules hold none: the lab's knows no login and, asked, refuses. */
@Component
class NoLogin implements AuthManager {
  @Override
  public User login(Object request) throws AccessException {
    throw new AccessException("the lab distribution of Nacos 2.0.3 has no login");
  }

  @Override
  public User loginRemote(Object request) throws AccessException {
    return login(request);
  }

  @Override
  public void auth(Permission permission, User user) throws AccessException {
    throw new AccessException("the lab distribution of Nacos 2.0.3 has no login");
  }
}
