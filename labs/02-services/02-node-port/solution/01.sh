sed -i -e 's#extension/v1beta1#apps/v1#' -e 's/matadata/metadata/' -e 's/replica:/replicas:/' -e '/^      spec:/,$s/^  //' tomcat-deployment.yaml
kubectl apply -f tomcat-deployment.yaml
kubectl rollout status deployment/frontend --timeout=120s
